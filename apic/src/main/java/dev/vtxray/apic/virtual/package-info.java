/**
 * APIC virtualization as operations on a virtual-APIC page (SDM, APIC Virtualization and Virtual Interrupts): TPR, PPR, EOI
 * and self-IPI virtualization, evaluation and delivery of virtual interrupts, virtualized accesses to the APIC page and to
 * the x2APIC MSRs, and posted interrupts.
 *
 * <p>These are state machines that answer with an {@link dev.vtxray.apic.virtual.Outcome}. They know the words of the
 * feature only; who switches the feature on, and what an outcome leads to, is not decided here.
 */
package dev.vtxray.apic.virtual;
