/**
 * Putting programs into a machine: ELF files, the multiboot contract, and the state in which a processor enters them.
 *
 * <p>A loader checks everything before it writes anything: an image that it refuses leaves memory and processor as they
 * were, and says why in one line ({@link dev.vtxray.core.loader.ImageException}).
 */
package dev.vtxray.core.loader;
