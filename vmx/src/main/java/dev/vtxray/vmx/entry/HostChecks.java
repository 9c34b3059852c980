package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.control.EntryControl.IA32E_MODE_GUEST;
import static dev.vtxray.vmx.control.ExitControl.HOST_ADDRESS_SPACE_SIZE;
import static dev.vtxray.vmx.entry.Condition.ALWAYS;
import static dev.vtxray.vmx.entry.Condition.that;
import static dev.vtxray.vmx.entry.Conditions.CR3;
import static dev.vtxray.vmx.entry.Conditions.EFER;
import static dev.vtxray.vmx.entry.Conditions.INTEL_64;
import static dev.vtxray.vmx.entry.Conditions.PERF_GLOBAL_CTRL;
import static dev.vtxray.vmx.entry.Conditions.bitIs0;
import static dev.vtxray.vmx.entry.Conditions.bitIs1;
import static dev.vtxray.vmx.entry.Conditions.bitsAre0;
import static dev.vtxray.vmx.entry.Conditions.canonical;
import static dev.vtxray.vmx.entry.Conditions.hasFixedCr4Bits;
import static dev.vtxray.vmx.entry.Conditions.isNot0;
import static dev.vtxray.vmx.entry.Conditions.isWithin;
import static dev.vtxray.vmx.entry.Conditions.off;
import static dev.vtxray.vmx.entry.Conditions.on;
import static dev.vtxray.vmx.entry.Conditions.patOk;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_CR0;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_CR3;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_CR4;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_CS_SELECTOR;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_DS_SELECTOR;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_ES_SELECTOR;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_FS_BASE;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_FS_SELECTOR;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_GDTR_BASE;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_GS_BASE;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_GS_SELECTOR;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_IA32_EFER;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_IA32_PAT;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_IA32_PERF_GLOBAL_CTRL;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_IA32_SYSENTER_EIP;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_IA32_SYSENTER_ESP;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_IDTR_BASE;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_RIP;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_SS_SELECTOR;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_TR_BASE;
import static dev.vtxray.vmx.vmcs.VmcsField.HOST_TR_SELECTOR;
import static dev.vtxray.vmx.vmcs.VmcsField.PRIMARY_VM_EXIT_CONTROLS;

import dev.vtxray.vmx.control.ExitControl;
import java.util.List;

/**
 * The checks on the host-state area and on the address-space size. SDM, VM Entries, Checks on the Host-State Area.
 */
final class HostChecks {
    private static final int EFER_LME = 1 << 8;
    private static final int EFER_LMA = 1 << 10;

    /** Unrestricted guest frees nothing for the host. */
    private static final Condition HOST_CR0_HAS_FIXED_BITS = that(
            "HOST_CR0 has the fixed bits of VMX operation, NW and CD apart",
            s -> s.hasFixedCr0Bits(s.get(HOST_CR0), 0),
            HOST_CR0);

    private static final Condition IN_IA32E_MODE =
            that("the processor is in IA-32e mode", s -> s.eferLma).lookingOutsideVmcs();
    private static final Condition OUTSIDE_IA32E_MODE =
            that("the processor is outside IA-32e mode", s -> !s.eferLma).lookingOutsideVmcs();

    // @formatter:off
    static final List<VmEntryCheck> REGISTERS = List.of(
        register("HOST-CR-01",  ALWAYS,                                     HOST_CR0_HAS_FIXED_BITS),
        register("HOST-CR-02",  ALWAYS,                                     hasFixedCr4Bits(HOST_CR4)),
        register("HOST-CR-04",  ALWAYS,                                     isWithin(HOST_CR3, CR3)),
        register("HOST-MSR-01", INTEL_64,                                   canonical(HOST_IA32_SYSENTER_ESP)),
        register("HOST-MSR-02", INTEL_64,                                   canonical(HOST_IA32_SYSENTER_EIP)),
        register("HOST-MSR-03", on(ExitControl.LOAD_IA32_PERF_GLOBAL_CTRL), isWithin(HOST_IA32_PERF_GLOBAL_CTRL, PERF_GLOBAL_CTRL)),
        register("HOST-MSR-04", on(ExitControl.LOAD_IA32_PAT),              patOk(HOST_IA32_PAT)),
        register("HOST-MSR-05", on(ExitControl.LOAD_IA32_EFER),             isWithin(HOST_IA32_EFER, EFER)),
        register("HOST-MSR-06", on(ExitControl.LOAD_IA32_EFER),             hostEferBitIsAddressSpaceSize("LMA", EFER_LMA)),
        register("HOST-MSR-07", on(ExitControl.LOAD_IA32_EFER),             hostEferBitIsAddressSpaceSize("LME", EFER_LME)));
    // @formatter:on

    // @formatter:off
    static final List<VmEntryCheck> SEGMENTS = List.of(
        segment("HOST-SEG-01", ALWAYS,                       bitsAre0(HOST_CS_SELECTOR, 2, 0)),
        segment("HOST-SEG-02", ALWAYS,                       bitsAre0(HOST_SS_SELECTOR, 2, 0)),
        segment("HOST-SEG-03", ALWAYS,                       bitsAre0(HOST_DS_SELECTOR, 2, 0)),
        segment("HOST-SEG-04", ALWAYS,                       bitsAre0(HOST_ES_SELECTOR, 2, 0)),
        segment("HOST-SEG-05", ALWAYS,                       bitsAre0(HOST_FS_SELECTOR, 2, 0)),
        segment("HOST-SEG-06", ALWAYS,                       bitsAre0(HOST_GS_SELECTOR, 2, 0)),
        segment("HOST-SEG-07", ALWAYS,                       bitsAre0(HOST_TR_SELECTOR, 2, 0)),
        segment("HOST-SEG-08", ALWAYS,                       isNot0(HOST_CS_SELECTOR)),
        segment("HOST-SEG-09", ALWAYS,                       isNot0(HOST_TR_SELECTOR)),
        segment("HOST-SEG-10", off(HOST_ADDRESS_SPACE_SIZE), isNot0(HOST_SS_SELECTOR)),
        segment("HOST-SEG-11", INTEL_64,                     canonical(HOST_FS_BASE)),
        segment("HOST-SEG-12", INTEL_64,                     canonical(HOST_GS_BASE)),
        segment("HOST-SEG-13", INTEL_64,                     canonical(HOST_GDTR_BASE)),
        segment("HOST-SEG-14", INTEL_64,                     canonical(HOST_IDTR_BASE)),
        segment("HOST-SEG-15", INTEL_64,                     canonical(HOST_TR_BASE)));
    // @formatter:on

    // @formatter:off
    static final List<VmEntryCheck> ADDRESS_SPACE_SIZE = List.of(
        addressSpaceSize("HOST-ASZ-01", OUTSIDE_IA32E_MODE,           off(IA32E_MODE_GUEST)),
        addressSpaceSize("HOST-ASZ-02", OUTSIDE_IA32E_MODE,           off(HOST_ADDRESS_SPACE_SIZE)),
        addressSpaceSize("HOST-ASZ-03", IN_IA32E_MODE,                on(HOST_ADDRESS_SPACE_SIZE)),
        addressSpaceSize("HOST-ASZ-04", off(HOST_ADDRESS_SPACE_SIZE), off(IA32E_MODE_GUEST)),
        addressSpaceSize("HOST-ASZ-05", off(HOST_ADDRESS_SPACE_SIZE), bitIs0(HOST_CR4, 17).as("HOST_CR4.PCIDE is 0")),
        addressSpaceSize("HOST-ASZ-06", off(HOST_ADDRESS_SPACE_SIZE), bitsAre0(HOST_RIP, 63, 32)),
        addressSpaceSize("HOST-ASZ-09", on(HOST_ADDRESS_SPACE_SIZE),  bitIs1(HOST_CR4, 5).as("HOST_CR4.PAE is 1")),
        addressSpaceSize("HOST-ASZ-10", on(HOST_ADDRESS_SPACE_SIZE),  canonical(HOST_RIP)));
    // @formatter:on

    private HostChecks() {}

    private static VmEntryCheck register(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.HOST_REGISTERS, EntryOutcome.INVALID_HOST_STATE, when, must);
    }

    private static VmEntryCheck segment(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.HOST_SEGMENTS, EntryOutcome.INVALID_HOST_STATE, when, must);
    }

    /** The manual does not say whether these fail with error 7 or 8; KVM and Bochs use 8. */
    private static VmEntryCheck addressSpaceSize(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.ADDRESS_SPACE_SIZE, EntryOutcome.INVALID_HOST_STATE, when, must);
    }

    private static Condition hostEferBitIsAddressSpaceSize(String bitName, int bit) {
        return that(
                "HOST_IA32_EFER.%s equals \"host address-space size\"".formatted(bitName),
                s -> ((s.get32(HOST_IA32_EFER) & bit) != 0) == HOST_ADDRESS_SPACE_SIZE.in(s.exit),
                HOST_IA32_EFER,
                PRIMARY_VM_EXIT_CONTROLS);
    }
}
