/** Physical memory, the walk of the paging structures and the cache of translations. */
package dev.vtxray.core.memory;
