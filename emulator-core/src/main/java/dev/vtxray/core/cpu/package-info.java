/** The state of one processor, its segments, its events and how they are delivered. No instruction lives here. */
package dev.vtxray.core.cpu;
