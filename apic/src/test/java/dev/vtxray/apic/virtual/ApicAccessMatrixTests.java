package dev.vtxray.apic.virtual;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.apic.CsvRows;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every offset of the page, every size, reads and writes, with every set of features, against the specification. */
class ApicAccessMatrixTests {
    /** Columns of the specification's table. */
    private static final int TS = 3;

    private static final int TS_VID = 4;
    private static final int TS_ARV = 5;

    private static final Map<String, String[]> FACTS = new HashMap<>();

    static {
        for (String[] row : CsvRows.of(ApicAccessMatrixTests.class, "apic-access-page.csv")) {
            for (int offset = Integer.parseInt(row[0], 16); offset <= Integer.parseInt(row[1], 16); offset += 16) {
                FACTS.put(row[2] + " " + offset, row);
            }
        }
    }

    static Stream<Arguments> featuresAndAccesses() {
        return Stream.of(
                        VirtualBench.OFF,
                        new ApicVirtualization(false, true, true),
                        VirtualBench.TPR_SHADOW,
                        VirtualBench.INTERRUPT_DELIVERY,
                        VirtualBench.REGISTERS,
                        VirtualBench.ALL)
                .flatMap(features -> Stream.of(Arguments.of(features, "read"), Arguments.of(features, "write")));
    }

    @ParameterizedTest
    @MethodSource("featuresAndAccesses")
    void everyAccessIsDecidedAsTheTableSays(ApicVirtualization features, String access) {
        VirtualBench bench = new VirtualBench(features);
        for (int offset = 0; offset < 0x1000; offset++) {
            for (int size : new int[] {1, 2, 3, 4, 8}) {
                ApicAccess decided = access.equals("read")
                        ? bench.accesses.checkRead(offset, size)
                        : bench.accesses.checkWrite(offset, size);
                assertThat(decided)
                        .as("%s of %d bytes at %XH with %s", access, size, offset, features)
                        .isEqualTo(expected(features, access, offset, size));
            }
        }
    }

    private static ApicAccess expected(ApicVirtualization features, String access, int offset, int size) {
        String[] row = FACTS.get(access + " " + offset / 16 * 16);
        boolean insideRegister = offset % 16 + size <= 4;
        boolean atItsStart = offset % 16 == 0;
        if (row == null || !features.tprShadow() || !insideRegister) {
            return ApicAccess.ACCESS_TAKEN;
        }
        boolean arv = features.registerVirtualization();
        int strongest = arv ? TS_ARV : features.virtualInterruptDelivery() ? TS_VID : TS;
        boolean virtualized = row[strongest].equals("virtualized") && (arv || atItsStart);
        return virtualized ? ApicAccess.VIRTUALIZED : ApicAccess.ACCESS_TAKEN;
    }
}
