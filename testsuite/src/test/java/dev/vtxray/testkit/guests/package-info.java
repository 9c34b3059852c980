/** Tests of the guest programs: that the images in the repository are what their sources say. */
package dev.vtxray.testkit.guests;
