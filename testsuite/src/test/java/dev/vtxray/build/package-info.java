/** What the build checks about itself: the ratchets on executed tests and on coverage. */
package dev.vtxray.build;
