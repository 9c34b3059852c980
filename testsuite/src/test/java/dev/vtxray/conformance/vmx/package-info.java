/** Conformance of VMX operation: sentences of the manual, each with a guest that shows whether it holds. */
package dev.vtxray.conformance.vmx;
