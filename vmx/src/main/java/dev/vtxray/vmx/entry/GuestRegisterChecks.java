package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.control.EntryControl.IA32E_MODE_GUEST;
import static dev.vtxray.vmx.control.EntryControl.LOAD_DEBUG_CONTROLS;
import static dev.vtxray.vmx.control.EntryControl.LOAD_IA32_EFER;
import static dev.vtxray.vmx.control.EntryControl.LOAD_IA32_PAT;
import static dev.vtxray.vmx.control.EntryControl.LOAD_IA32_PERF_GLOBAL_CTRL;
import static dev.vtxray.vmx.control.InterruptionType.EXTERNAL_INTERRUPT;
import static dev.vtxray.vmx.entry.Condition.ALWAYS;
import static dev.vtxray.vmx.entry.Condition.that;
import static dev.vtxray.vmx.entry.Conditions.CR3;
import static dev.vtxray.vmx.entry.Conditions.DEBUGCTL;
import static dev.vtxray.vmx.entry.Conditions.EFER;
import static dev.vtxray.vmx.entry.Conditions.INTEL_64;
import static dev.vtxray.vmx.entry.Conditions.PERF_GLOBAL_CTRL;
import static dev.vtxray.vmx.entry.Conditions.bitIs0;
import static dev.vtxray.vmx.entry.Conditions.bitIs1;
import static dev.vtxray.vmx.entry.Conditions.bitsAre0;
import static dev.vtxray.vmx.entry.Conditions.canonical;
import static dev.vtxray.vmx.entry.Conditions.hasFixedCr4Bits;
import static dev.vtxray.vmx.entry.Conditions.injecting;
import static dev.vtxray.vmx.entry.Conditions.isWithin;
import static dev.vtxray.vmx.entry.Conditions.off;
import static dev.vtxray.vmx.entry.Conditions.on;
import static dev.vtxray.vmx.entry.Conditions.patOk;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_CR0;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_CR3;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_CR4;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_CS_ACCESS_RIGHTS;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_DR7;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_GDTR_BASE;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_GDTR_LIMIT;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IA32_DEBUGCTL;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IA32_EFER;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IA32_PAT;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IA32_PERF_GLOBAL_CTRL;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IA32_SYSENTER_EIP;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IA32_SYSENTER_ESP;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IDTR_BASE;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_IDTR_LIMIT;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_RFLAGS;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_RIP;
import static dev.vtxray.vmx.vmcs.VmcsField.PRIMARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.SECONDARY_PROC_BASED_VM_EXEC_CONTROLS;
import static dev.vtxray.vmx.vmcs.VmcsField.VM_ENTRY_CONTROLS;

import java.util.List;

/**
 * The checks on guest registers other than segment registers. SDM, VM Entries, Checks on the Guest State Area.
 */
final class GuestRegisterChecks {
    private static final long CR0_PE_PG = 0x8000_0001L;
    private static final int EFER_LMA = 1 << 10;

    /** Bits 63:22, 15, 5 and 3. */
    private static final long RFLAGS_RESERVED = -1L << 22 | 1 << 15 | 1 << 5 | 1 << 3;

    static final Condition PAGING = bitIs1(GUEST_CR0, 31).as("CR0.PG is 1");

    private static final Condition CR0_HAS_FIXED_BITS = that(
            "CR0 has the fixed bits of VMX operation, NW and CD apart; unrestricted guest frees PE and PG",
            s -> s.hasFixedCr0Bits(s.get(GUEST_CR0), s.isUnrestrictedGuest() ? CR0_PE_PG : 0),
            GUEST_CR0,
            SECONDARY_PROC_BASED_VM_EXEC_CONTROLS,
            PRIMARY_PROC_BASED_VM_EXEC_CONTROLS);

    private static final Condition LMA_IS_IA32E_MODE_GUEST = that(
            "IA32_EFER.LMA equals \"IA-32e mode guest\"",
            s -> ((s.get32(GUEST_IA32_EFER) & EFER_LMA) != 0) == s.isIa32eModeGuest(),
            GUEST_IA32_EFER,
            VM_ENTRY_CONTROLS);

    private static final Condition LMA_IS_LME = that(
            "IA32_EFER.LMA equals IA32_EFER.LME",
            s -> ((s.get(GUEST_IA32_EFER) >> 10 ^ s.get(GUEST_IA32_EFER) >> 8) & 1) == 0,
            GUEST_IA32_EFER);

    private static final Condition IN_64_BIT_MODE =
            on(IA32E_MODE_GUEST).and(bitIs1(GUEST_CS_ACCESS_RIGHTS, 13).as("CS.L is 1"));
    private static final Condition NOT_64_BIT_MODE =
            off(IA32E_MODE_GUEST).or(bitIs0(GUEST_CS_ACCESS_RIGHTS, 13).as("CS.L is 0"));

    /** RIP may be non-canonical by its highest bit alone: execution then faults. */
    private static final Condition RIP_UPPER_BITS_ARE_IDENTICAL = that(
            "the bits of RIP above the linear-address width are all equal",
            s -> s.hasIdenticalUpperBits(s.get(GUEST_RIP)),
            GUEST_RIP);

    private static final Condition RFLAGS_RESERVED_BITS_ARE_0 = that(
            "bits 63:22, 15, 5 and 3 of RFLAGS are 0", s -> (s.get(GUEST_RFLAGS) & RFLAGS_RESERVED) == 0, GUEST_RFLAGS);

    // @formatter:off
    static final List<VmEntryCheck> CONTROL_REGISTERS_AND_MSRS = List.of(
        register("GUEST-CR-01",  ALWAYS,                                CR0_HAS_FIXED_BITS),
        register("GUEST-CR-02",  PAGING,                                bitIs1(GUEST_CR0, 0).as("CR0.PE is 1")),
        register("GUEST-CR-03",  ALWAYS,                                hasFixedCr4Bits(GUEST_CR4)),
        register("GUEST-CR-05",  on(IA32E_MODE_GUEST),                  PAGING),
        register("GUEST-CR-06",  on(IA32E_MODE_GUEST),                  bitIs1(GUEST_CR4, 5).as("CR4.PAE is 1")),
        register("GUEST-CR-07",  off(IA32E_MODE_GUEST),                 bitIs0(GUEST_CR4, 17).as("CR4.PCIDE is 0")),
        register("GUEST-CR-09",  INTEL_64,                              isWithin(GUEST_CR3, CR3)),
        register("GUEST-DR-01",  on(LOAD_DEBUG_CONTROLS).and(INTEL_64), bitsAre0(GUEST_DR7, 63, 32)),
        register("GUEST-MSR-01", on(LOAD_DEBUG_CONTROLS),               isWithin(GUEST_IA32_DEBUGCTL, DEBUGCTL)),
        register("GUEST-MSR-02", INTEL_64,                              canonical(GUEST_IA32_SYSENTER_ESP)),
        register("GUEST-MSR-03", INTEL_64,                              canonical(GUEST_IA32_SYSENTER_EIP)),
        register("GUEST-MSR-04", on(LOAD_IA32_PERF_GLOBAL_CTRL),        isWithin(GUEST_IA32_PERF_GLOBAL_CTRL, PERF_GLOBAL_CTRL)),
        register("GUEST-MSR-05", on(LOAD_IA32_PAT),                     patOk(GUEST_IA32_PAT)),
        register("GUEST-MSR-06", on(LOAD_IA32_EFER),                    isWithin(GUEST_IA32_EFER, EFER)),
        register("GUEST-MSR-07", on(LOAD_IA32_EFER),                    LMA_IS_IA32E_MODE_GUEST),
        register("GUEST-MSR-08", on(LOAD_IA32_EFER).and(PAGING),        LMA_IS_LME));
    // @formatter:on

    // @formatter:off
    static final List<VmEntryCheck> DESCRIPTOR_TABLES = List.of(
        descriptorTable("GUEST-DT-01", INTEL_64, canonical(GUEST_GDTR_BASE)),
        descriptorTable("GUEST-DT-02", ALWAYS,   bitsAre0(GUEST_GDTR_LIMIT, 31, 16)),
        descriptorTable("GUEST-DT-03", INTEL_64, canonical(GUEST_IDTR_BASE)),
        descriptorTable("GUEST-DT-04", ALWAYS,   bitsAre0(GUEST_IDTR_LIMIT, 31, 16)));
    // @formatter:on

    // @formatter:off
    static final List<VmEntryCheck> RIP_AND_RFLAGS = List.of(
        flags("GUEST-RIP-01", NOT_64_BIT_MODE,               bitsAre0(GUEST_RIP, 63, 32)),
        flags("GUEST-RIP-02", IN_64_BIT_MODE,                RIP_UPPER_BITS_ARE_IDENTICAL),
        flags("GUEST-RFL-01", ALWAYS,                        RFLAGS_RESERVED_BITS_ARE_0),
        flags("GUEST-RFL-02", ALWAYS,                        bitIs1(GUEST_RFLAGS, 1)),
        flags("GUEST-RFL-03", on(IA32E_MODE_GUEST).or(bitIs0(GUEST_CR0, 0).as("CR0.PE is 0")), bitIs0(GUEST_RFLAGS, 17).as("RFLAGS.VM is 0")),
        flags("GUEST-RFL-04", injecting(EXTERNAL_INTERRUPT), bitIs1(GUEST_RFLAGS, 9).as("RFLAGS.IF is 1")));
    // @formatter:on

    private GuestRegisterChecks() {}

    private static VmEntryCheck register(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.GUEST_REGISTERS, EntryOutcome.INVALID_GUEST_STATE, when, must);
    }

    private static VmEntryCheck descriptorTable(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.GUEST_DESCRIPTOR_TABLES, EntryOutcome.INVALID_GUEST_STATE, when, must);
    }

    private static VmEntryCheck flags(String id, Condition when, Condition must) {
        return new VmEntryCheck(id, CheckSection.GUEST_RIP_AND_RFLAGS, EntryOutcome.INVALID_GUEST_STATE, when, must);
    }
}
