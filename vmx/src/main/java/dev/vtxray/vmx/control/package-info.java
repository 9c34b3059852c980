/**
 * The vocabulary of VMX as data: control bits, exit reasons, error numbers, and the layouts of exit qualifications and
 * event-information words. Nothing here has state.
 */
package dev.vtxray.vmx.control;
