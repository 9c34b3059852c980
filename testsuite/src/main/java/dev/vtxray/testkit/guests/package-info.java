/** The guest programs that come with the test kit (sources: {@code src/main/guests}), and what they agree on with a host. */
package dev.vtxray.testkit.guests;
