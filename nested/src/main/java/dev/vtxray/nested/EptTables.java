package dev.vtxray.nested;

import dev.vtxray.core.port.SecondStage;
import dev.vtxray.vmx.vmcs.PhysicalBytes;
import java.util.ArrayList;
import java.util.List;

/** EPT paging structures that L0 builds, in frames of its own. */
final class EptTables {
    /** Write-back memory, page-walk length 4. */
    private static final long EPTP_FORMAT = 6 | 3 << 3;

    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;
    private static final int ALL_RIGHTS = 7;
    private static final long WRITE_BACK = 6 << 3;
    private static final long LARGE = 1 << 7;

    private final HostMemory host;
    private final PhysicalBytes memory;
    private final long root;
    private final List<Long> tables = new ArrayList<>();

    EptTables(HostMemory host) {
        this.host = host;
        this.memory = host.bytes();
        this.root = host.allocate();
    }

    /** The EPT pointer for these tables. */
    long eptp() {
        return root | EPTP_FORMAT;
    }

    /** Maps one 4-KByte page. @param rights read 1, write 2, execute 4 */
    void map(long gpa, long hpa, int rights) {
        memory.write64(entry(gpa, 12), hpa & ADDRESS | WRITE_BACK | rights);
    }

    /** Maps one 2-MByte page with all rights. */
    void mapLarge(long gpa, long hpa) {
        memory.write64(entry(gpa, 21), hpa & ADDRESS | LARGE | WRITE_BACK | ALL_RIGHTS);
    }

    /** Maps one 4-KByte page where L1 has no memory: it can be read and fetched from, and gives all ones. */
    void mapAbsent(long gpa, int rights) {
        map(gpa, host.absentFrame(), rights & (SecondStage.READ | SecondStage.FETCH));
    }

    /** Makes everything not present. */
    void clear() {
        tables.forEach(host::free);
        tables.clear();
        for (int i = 0; i < 512; i++) {
            memory.write64(root + i * 8L, 0);
        }
    }

    /** Address of the entry for {@code gpa} in the table whose entries map 2^shift bytes; tables are made on the way. */
    private long entry(long gpa, int shift) {
        long table = root;
        for (int level = 39; ; level -= 9) {
            long address = table + (gpa >>> level & 511) * 8;
            if (level == shift) {
                return address;
            }
            long value = memory.read64(address);
            if (value == 0) {
                long made = host.allocate();
                tables.add(made);
                value = made | ALL_RIGHTS;
                memory.write64(address, value);
            }
            table = value & ADDRESS;
        }
    }
}
