package dev.vtxray.vmx.control;

/** What a processor offers, as far as the existence of a VMCS field depends on it. */
public interface SupportedControls {
    /** Whether the 1-setting of {@code control} is supported. */
    boolean supports(VmxControl control);

    /** How many CR3-target values there are. */
    int cr3TargetCount();
}
