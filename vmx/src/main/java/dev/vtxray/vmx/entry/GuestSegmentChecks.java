package dev.vtxray.vmx.entry;

import static dev.vtxray.vmx.control.EntryControl.IA32E_MODE_GUEST;
import static dev.vtxray.vmx.control.SecondaryControl.UNRESTRICTED_GUEST;
import static dev.vtxray.vmx.entry.Condition.ALWAYS;
import static dev.vtxray.vmx.entry.Condition.that;
import static dev.vtxray.vmx.entry.Conditions.INTEL_64;
import static dev.vtxray.vmx.entry.Conditions.bitIs0;
import static dev.vtxray.vmx.entry.Conditions.bitIs1;
import static dev.vtxray.vmx.entry.Conditions.bitsAre0;
import static dev.vtxray.vmx.entry.Conditions.canonical;
import static dev.vtxray.vmx.entry.Conditions.is;
import static dev.vtxray.vmx.entry.Conditions.off;
import static dev.vtxray.vmx.entry.Conditions.on;
import static dev.vtxray.vmx.entry.Segment.CS;
import static dev.vtxray.vmx.entry.Segment.DS;
import static dev.vtxray.vmx.entry.Segment.ES;
import static dev.vtxray.vmx.entry.Segment.FS;
import static dev.vtxray.vmx.entry.Segment.GS;
import static dev.vtxray.vmx.entry.Segment.LDTR;
import static dev.vtxray.vmx.entry.Segment.SS;
import static dev.vtxray.vmx.entry.Segment.TR;

import dev.vtxray.vmx.vmcs.VmcsField;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The checks on guest segment registers. SDM, VM Entries, Checks on Guest Segment Registers.
 *
 * <p>Where the manual asks the same of several registers, one line makes a row for each, with numbers in sequence.
 */
final class GuestSegmentChecks {
    private static final Condition V8086 = bitIs1(VmcsField.GUEST_RFLAGS, 17).as("RFLAGS.VM is 1");
    private static final Condition NOT_V8086 =
            bitIs0(VmcsField.GUEST_RFLAGS, 17).as("RFLAGS.VM is 0");
    private static final Condition RESTRICTED = NOT_V8086.and(off(UNRESTRICTED_GUEST));

    private static final int V8086_LIMIT = 0xFFFF;
    private static final int V8086_RIGHTS = 0xF3;

    /** Bits by type, for a type that can be in a set. */
    private static final int ACCESSED_CODE = 1 << 9 | 1 << 11 | 1 << 13 | 1 << 15;

    private static final int NON_CONFORMING_CODE = 1 << 9 | 1 << 11;
    private static final int CONFORMING_CODE = 1 << 13 | 1 << 15;
    private static final int WRITABLE_DATA = 1 << 3 | 1 << 7;
    private static final int WRITABLE_EXPAND_UP_DATA = 1 << 3;
    private static final int BUSY_TSS = 1 << 3 | 1 << 11;
    private static final int BUSY_64_BIT_TSS = 1 << 11;
    private static final int LDT = 1 << 2;

    private static final Condition CS_DPL_IS_SS_DPL =
            that("CS.DPL is SS.DPL", s -> CS.dpl(s) == SS.dpl(s), CS.rights, SS.rights);
    private static final Condition CS_DPL_IS_NOT_ABOVE_SS_DPL =
            that("CS.DPL is not above SS.DPL", s -> CS.dpl(s) <= SS.dpl(s), CS.rights, SS.rights);
    private static final Condition SS_DPL_IS_SS_RPL =
            that("SS.DPL is the RPL of SS", s -> SS.dpl(s) == SS.rpl(s), SS.rights, SS.selector);
    private static final Condition DATA_IN_CS_OR_REAL_MODE = typeIn(CS, WRITABLE_EXPAND_UP_DATA)
            .or(bitIs0(VmcsField.GUEST_CR0, 0).as("CR0.PE is 0"));

    static final List<VmEntryCheck> ROWS = rows();

    private final List<VmEntryCheck> rows = new ArrayList<>();

    private GuestSegmentChecks() {}

    private static List<VmEntryCheck> rows() {
        GuestSegmentChecks table = new GuestSegmentChecks();
        table.selectorsAndBases();
        table.virtual8086Mode();
        table.typesAndPrivilege();
        table.presenceReservedBitsAndLimits();
        table.taskRegister();
        table.ldtr();
        return List.copyOf(table.rows);
    }

    // @formatter:off
    private void selectorsAndBases() {
        row(1,  ALWAYS,       bitIs0(TR.selector, 2));
        row(2,  usable(LDTR), bitIs0(LDTR.selector, 2));
        row(3,  RESTRICTED,   sameRpl(SS, CS));
        each(4, V8086,        GuestSegmentChecks::baseIsSelectorTimes16, CS, SS, DS, ES, FS, GS);
        row(10, INTEL_64,     canonical(TR.base));
        row(11, INTEL_64,     canonical(FS.base));
        row(12, INTEL_64,     canonical(GS.base));
        row(13, INTEL_64.and(usable(LDTR)), canonical(LDTR.base));
        row(14, INTEL_64,                   bitsAre0(CS.base, 63, 32));
        row(15, INTEL_64.and(usable(SS)),   bitsAre0(SS.base, 63, 32));
        row(16, INTEL_64.and(usable(DS)),   bitsAre0(DS.base, 63, 32));
        row(17, INTEL_64.and(usable(ES)),   bitsAre0(ES.base, 63, 32));
    }

    private void virtual8086Mode() {
        each(18, V8086, segment -> is(segment.limit, V8086_LIMIT),   CS, SS, DS, ES, FS, GS);
        each(24, V8086, segment -> is(segment.rights, V8086_RIGHTS), CS, SS, DS, ES, FS, GS);
    }

    private void typesAndPrivilege() {
        row(30, RESTRICTED,                                typeIn(CS, ACCESSED_CODE));
        row(31, NOT_V8086.and(on(UNRESTRICTED_GUEST)),     typeIn(CS, ACCESSED_CODE | WRITABLE_EXPAND_UP_DATA));
        row(32, inUse(SS),                                 typeIn(SS, WRITABLE_DATA));
        row(33, inUse(DS),                                 accessed(DS));
        row(34, inUse(DS).and(isCode(DS)),                 readable(DS));
        row(35, inUse(ES),                                 accessed(ES));
        row(36, inUse(ES).and(isCode(ES)),                 readable(ES));
        row(37, inUse(FS),                                 accessed(FS));
        row(38, inUse(FS).and(isCode(FS)),                 readable(FS));
        row(39, inUse(GS),                                 accessed(GS));
        row(40, inUse(GS).and(isCode(GS)),                 readable(GS));
        each(41,                                           GuestSegmentChecks::isCodeOrData, CS, SS, DS, ES, FS, GS);
        row(47, NOT_V8086.and(typeIn(CS, WRITABLE_EXPAND_UP_DATA)), dplIs0(CS));
        row(48, NOT_V8086.and(typeIn(CS, NON_CONFORMING_CODE)),     CS_DPL_IS_SS_DPL);
        row(49, NOT_V8086.and(typeIn(CS, CONFORMING_CODE)),         CS_DPL_IS_NOT_ABOVE_SS_DPL);
        row(50, RESTRICTED,                                         SS_DPL_IS_SS_RPL);
        row(51, NOT_V8086.and(DATA_IN_CS_OR_REAL_MODE),             dplIs0(SS));
        row(55, RESTRICTED.and(dataOrNonConforming(DS)),            dplIsNotBelowRpl(DS));
        row(56, RESTRICTED.and(dataOrNonConforming(ES)),            dplIsNotBelowRpl(ES));
        row(57, RESTRICTED.and(dataOrNonConforming(FS)),            dplIsNotBelowRpl(FS));
        row(58, RESTRICTED.and(dataOrNonConforming(GS)),            dplIsNotBelowRpl(GS));
    }

    private void presenceReservedBitsAndLimits() {
        each(59, GuestSegmentChecks::isPresent,             CS, SS, DS, ES, FS, GS);
        each(65, GuestSegmentChecks::reservedBitsAre0,      CS, SS, DS, ES, FS, GS);
        row(71, NOT_V8086.and(on(IA32E_MODE_GUEST)).and(has(CS, Segment.L, "CS.L")), hasNot(CS, Segment.DB, "CS.D/B"));
        eachPair(72, GuestSegmentChecks::limitAllowsG1, GuestSegmentChecks::limitAllowsG0, CS, SS, DS, ES, FS, GS);
    }

    private void taskRegister() {
        row(84, off(IA32E_MODE_GUEST), typeIn(TR, BUSY_TSS));
        row(85, on(IA32E_MODE_GUEST),  typeIn(TR, BUSY_64_BIT_TSS));
        row(86, ALWAYS,                isSystem(TR));
        row(87, ALWAYS,                isPresent(TR));
        row(88, ALWAYS,                reservedBitsAre0(TR));
        row(89, ALWAYS,                limitAllowsG1(TR));
        row(90, ALWAYS,                limitAllowsG0(TR));
        row(91, ALWAYS,                usable(TR));
    }

    private void ldtr() {
        row(92, usable(LDTR), typeIn(LDTR, LDT));
        row(93, usable(LDTR), isSystem(LDTR));
        row(94, usable(LDTR), isPresent(LDTR));
        row(95, usable(LDTR), reservedBitsAre0(LDTR));
        row(96, usable(LDTR), limitAllowsG1(LDTR));
        row(97, usable(LDTR), limitAllowsG0(LDTR));
    }
    // @formatter:on

    private void row(int number, Condition when, Condition must) {
        rows.add(new VmEntryCheck(
                "GUEST-SEG-%03d".formatted(number),
                CheckSection.GUEST_SEGMENTS,
                EntryOutcome.INVALID_GUEST_STATE,
                when,
                must));
    }

    private void each(int first, Condition when, Function<Segment, Condition> must, Segment... segments) {
        for (int i = 0; i < segments.length; i++) {
            row(first + i, when, must.apply(segments[i]));
        }
    }

    /** A row for each register that is in use. */
    private void each(int first, Function<Segment, Condition> must, Segment... segments) {
        for (int i = 0; i < segments.length; i++) {
            row(first + i, inUse(segments[i]), must.apply(segments[i]));
        }
    }

    /** Two rows for each register that is in use. */
    private void eachPair(
            int first, Function<Segment, Condition> one, Function<Segment, Condition> other, Segment... segments) {
        for (int i = 0; i < segments.length; i++) {
            row(first + 2 * i, inUse(segments[i]), one.apply(segments[i]));
            row(first + 2 * i + 1, inUse(segments[i]), other.apply(segments[i]));
        }
    }

    /** The general rule: not virtual-8086 mode, and usable; CS is checked whatever its unusable bit says. */
    private static Condition inUse(Segment segment) {
        return segment == CS ? NOT_V8086 : NOT_V8086.and(usable(segment));
    }

    private static Condition usable(Segment segment) {
        return hasNot(segment, Segment.UNUSABLE, "the unusable bit of " + segment);
    }

    private static Condition has(Segment segment, int bit, String words) {
        return that(words + " is 1", s -> segment.has(s, bit), segment.rights, bit);
    }

    private static Condition hasNot(Segment segment, int bit, String words) {
        return that(words + " is 0", s -> !segment.has(s, bit), segment.rights, bit);
    }

    private static Condition typeIn(Segment segment, int types) {
        String list = IntStream.range(0, 16)
                .filter(type -> (types >> type & 1) != 0)
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(" or "));
        return that(
                segment + ".type is " + list, s -> (types >> segment.type(s) & 1) != 0, segment.rights, Segment.TYPE);
    }

    private static Condition sameRpl(Segment one, Segment other) {
        return that(
                "the RPLs of %s and %s are equal".formatted(one, other),
                s -> one.rpl(s) == other.rpl(s),
                one.selector,
                other.selector);
    }

    private static Condition baseIsSelectorTimes16(Segment segment) {
        return that(
                "%s.base is the selector times 16".formatted(segment),
                s -> s.get(segment.base) == s.get(segment.selector) << 4,
                segment.base,
                segment.selector);
    }

    private static Condition accessed(Segment segment) {
        return has(segment, 1, "the accessed bit of %s.type".formatted(segment));
    }

    private static Condition isCode(Segment segment) {
        return has(segment, 1 << 3, "the code bit of %s.type".formatted(segment));
    }

    private static Condition readable(Segment segment) {
        return has(segment, 1 << 1, "the readable bit of %s.type".formatted(segment));
    }

    private static Condition isCodeOrData(Segment segment) {
        return has(segment, Segment.S, segment + ".S");
    }

    private static Condition isSystem(Segment segment) {
        return hasNot(segment, Segment.S, segment + ".S");
    }

    private static Condition isPresent(Segment segment) {
        return has(segment, Segment.P, segment + ".P");
    }

    private static Condition dplIs0(Segment segment) {
        return that(segment + ".DPL is 0", s -> segment.dpl(s) == 0, segment.rights);
    }

    private static Condition dataOrNonConforming(Segment segment) {
        return that(
                "%s is usable and its type is at most 11".formatted(segment),
                s -> segment.isUsable(s) && segment.type(s) <= 11,
                segment.rights);
    }

    private static Condition dplIsNotBelowRpl(Segment segment) {
        return that(
                "%s.DPL is not below the RPL of the selector".formatted(segment),
                s -> segment.dpl(s) >= segment.rpl(s),
                segment.rights,
                segment.selector);
    }

    private static Condition reservedBitsAre0(Segment segment) {
        return that(
                "bits 31:17 and 11:8 of %s_ACCESS_RIGHTS are 0".formatted(segment),
                s -> (s.get32(segment.rights) & Segment.RESERVED) == 0,
                segment.rights);
    }

    private static Condition limitAllowsG1(Segment segment) {
        return that(
                "bits 11:0 of %s_LIMIT are all 1, or %s.G is 0".formatted(segment, segment),
                s -> (s.get32(segment.limit) & 0xFFF) == 0xFFF || !segment.has(s, Segment.G),
                segment.limit,
                segment.rights);
    }

    private static Condition limitAllowsG0(Segment segment) {
        return that(
                "bits 31:20 of %s_LIMIT are 0, or %s.G is 1".formatted(segment, segment),
                s -> s.get32(segment.limit) >>> 20 == 0 || segment.has(s, Segment.G),
                segment.limit,
                segment.rights);
    }
}
