/**
 * The checks of a VM entry as a table: one row is one rule of the manual, with its identifier, its words, its predicate
 * and its outcome. The rows decide; what happens then is the business of the VM entry itself.
 */
package dev.vtxray.vmx.entry;
