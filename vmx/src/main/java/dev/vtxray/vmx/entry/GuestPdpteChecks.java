package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.control.EntryControl.IA32E_MODE_GUEST;
import static dev.vtxray.vmx.control.SecondaryControl.ENABLE_EPT;
import static dev.vtxray.vmx.entry.Condition.that;
import static dev.vtxray.vmx.entry.Conditions.bitIs1;
import static dev.vtxray.vmx.entry.Conditions.off;
import static dev.vtxray.vmx.entry.Conditions.on;
import static dev.vtxray.vmx.entry.EntryOutcome.INVALID_PDPTES;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_CR3;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_CR4;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_PDPTE0;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_PDPTE1;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_PDPTE2;
import static dev.vtxray.vmx.vmcs.VmcsField.GUEST_PDPTE3;

import java.util.List;

/**
 * The checks on PDPTEs under PAE paging. SDM, VM Entries, Checks on Guest Page-Directory-Pointer-Table Entries.
 */
final class GuestPdpteChecks {
    private static final long TABLE = 0xFFFF_FFE0L;

    private static final Condition PAE_PAGING = GuestRegisterChecks.PAGING
            .and(bitIs1(GUEST_CR4, 5).as("CR4.PAE is 1"))
            .and(off(IA32E_MODE_GUEST));

    private static final Condition PDPTE_FIELDS_ARE_OK = that(
            "no PDPTE field that is present has a reserved bit set",
            s -> s.isPdpteOk(s.get(GUEST_PDPTE0))
                    && s.isPdpteOk(s.get(GUEST_PDPTE1))
                    && s.isPdpteOk(s.get(GUEST_PDPTE2))
                    && s.isPdpteOk(s.get(GUEST_PDPTE3)),
            GUEST_PDPTE0,
            GUEST_PDPTE1,
            GUEST_PDPTE2,
            GUEST_PDPTE3);

    /** Optional where PAE paging was in use before and CR3 stays; VTXray always checks. */
    private static final Condition PDPTES_IN_MEMORY_ARE_OK = that(
                    "no present PDPTE that CR3 points at has a reserved bit set",
                    GuestPdpteChecks::arePdptesInMemoryOk,
                    GUEST_CR3)
            .lookingOutsideVmcs();

    // @formatter:off
    static final List<VmEntryCheck> ROWS = List.of(
        check("GUEST-PDPTE-01", PAE_PAGING.and(on(ENABLE_EPT)),  PDPTE_FIELDS_ARE_OK, INVALID_PDPTES),
        check("GUEST-PDPTE-02", PAE_PAGING.and(off(ENABLE_EPT)), PDPTES_IN_MEMORY_ARE_OK, INVALID_PDPTES));
    // @formatter:on

    private GuestPdpteChecks() {}

    private static VmEntryCheck check(String id, Condition when, Condition must, EntryOutcome outcome) {
        return new VmEntryCheck(id, CheckSection.GUEST_PDPTES, outcome, when, must);
    }

    private static boolean arePdptesInMemoryOk(EntryState s) {
        long table = s.get(GUEST_CR3) & TABLE;
        for (int i = 0; i < 4; i++) {
            if (!s.isPdpteOk(s.memory.read64(table + 8L * i))) {
                return false;
            }
        }
        return true;
    }
}
