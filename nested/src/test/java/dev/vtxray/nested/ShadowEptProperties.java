package dev.vtxray.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.nested.ShadowEpt.Walk;
import dev.vtxray.vmx.vmcs.PhysicalBytes;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** EPT02 is what a map composed page by page from what EPT12 was built of says. */
class ShadowEptProperties {
    private static final int PAGE_SHIFT = 12;
    private static final int RIGHTS = 7;
    private static final long WRITE_BACK = 6 << 3;
    private static final long ROOT = 0x1000;
    private static final long EPTP12 = ROOT | 6 | 3 << 3;
    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;

    private long nextTable;

    @Property(tries = 200)
    void accessIsMappedExactlyWhereBothTablesAllowIt(
            @ForAll("pages") Map<Long, Long> pages,
            @ForAll("gpas") long gpa,
            @ForAll @IntRange(min = 0, max = 2) int bit) {
        HostMemory host = TestMemory.host();
        build(host.guestView(), pages);
        ShadowEpt ept = new ShadowEpt(host, EPTP12);
        int access = 1 << bit;
        Walk walk = ept.resolve(gpa << PAGE_SHIFT, access);
        long page = pages.getOrDefault(gpa, 0L);
        long rights = page & RIGHTS;
        long l1Physical = page & ADDRESS;
        Walk expected = (rights & access) == 0
                ? Walk.VIOLATION
                : Long.compareUnsigned(l1Physical, TestMemory.L1_SIZE) < 0 ? Walk.MAPPED : Walk.NOT_RAM;
        assertThat(walk).isEqualTo(expected);
        long mapped = lookUp(host.bytes(), ept.eptp02(), gpa << PAGE_SHIFT);
        if (expected == Walk.MAPPED) {
            assertThat(mapped & ADDRESS).isEqualTo(l1Physical + TestMemory.L0_SIZE);
            assertThat(mapped & RIGHTS).isEqualTo(rights);
            ept.drop();
            assertThat(lookUp(host.bytes(), ept.eptp02(), gpa << PAGE_SHIFT)).isZero();
        } else {
            assertThat(mapped).isZero();
        }
    }

    @Property(tries = 50)
    void droppedTablesGiveTheirFramesBack(@ForAll("pages") Map<Long, Long> pages) {
        HostMemory host = TestMemory.host();
        build(host.guestView(), pages);
        ShadowEpt ept = new ShadowEpt(host, EPTP12);
        for (int i = 0; i < TestMemory.L0_SIZE / HostMemory.PAGE; i++) {
            for (long gpa : pages.keySet()) {
                ept.resolve(gpa << PAGE_SHIFT, 1);
            }
            ept.drop();
        }
        assertThat(host.allocate()).isLessThan(TestMemory.L0_SIZE);
    }

    private void build(PhysicalBytes memory, Map<Long, Long> pages) {
        nextTable = ROOT;
        pages.forEach((gpa, entry) -> {
            long table = ROOT;
            for (int shift = 27; shift > 0; shift -= 9) {
                long address = table + (gpa >>> shift & 511) * 8;
                if (memory.read64(address) == 0) {
                    nextTable += HostMemory.PAGE;
                    memory.write64(address, nextTable | RIGHTS);
                }
                table = memory.read64(address) & ADDRESS;
            }
            memory.write64(table + (gpa & 511) * 8, entry);
        });
    }

    /** The leaf of a 4-level walk, 0 if there is none. */
    private static long lookUp(PhysicalBytes memory, long eptp, long gpa) {
        long entry = eptp;
        for (int shift = 39; shift >= PAGE_SHIFT; shift -= 9) {
            entry = memory.read64((entry & ADDRESS) + (gpa >>> shift & 511) * 8);
            if ((entry & RIGHTS) == 0) {
                return 0;
            }
        }
        return entry;
    }

    /** A few page numbers, near and far. */
    @Provide
    Arbitrary<Long> gpas() {
        return Arbitraries.of(0L, 1L, 511L, 512L, 1L << 18, (1L << 18) + 5, 1L << 27, 0xFEE00L, (1L << 36) - 1);
    }

    /** Leaf entries of EPT12 by page number: any L1-physical page, inside RAM or out, and any rights but write-only. */
    @Provide
    Arbitrary<Map<Long, Long>> pages() {
        Arbitrary<Long> entries = net.jqwik.api.Combinators.combine(
                        Arbitraries.longs().between(0, 2 * TestMemory.L1_SIZE >> PAGE_SHIFT),
                        Arbitraries.of(1L, 3L, 4L, 5L, 7L))
                .as((page, rights) -> page << PAGE_SHIFT | WRITE_BACK | rights);
        return Arbitraries.maps(gpas(), entries).ofMaxSize(9).map(TreeMap::new);
    }
}
