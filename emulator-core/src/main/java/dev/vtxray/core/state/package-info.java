/** How components describe their state, for snapshot, restore, digest and diff. */
package dev.vtxray.core.state;
