/**
 * Devices of a PC that need nothing but ports: serial output, debug exit, firmware configuration, latches.
 *
 * <p>A device keeps its state, describes it, and speaks to the world outside the machine through one small interface of
 * its own. Interrupt controllers do not belong here.
 */
package dev.vtxray.core.device;
