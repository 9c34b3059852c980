package dev.vtxray.core.engine;

import dev.vtxray.core.memory.FilledSlots;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Blocks by linear address and mode, for one translation context. */
public final class JumpCache {
    private static final int ENTRIES = 4096;

    private final Block[] blocks = new Block[ENTRIES];
    private final long[] keys = new long[ENTRIES];
    private final FilledSlots filled = new FilledSlots();

    /** The valid block at {@code rip} in this mode that was remembered, or null. */
    @Nullable
    Block get(long rip, int mode) {
        int index = index(rip);
        Block block = blocks[index];
        return block != null && keys[index] == rip && block.mode == mode && block.isValid() ? block : null;
    }

    void put(long rip, Block block) {
        int index = index(rip);
        if (blocks[index] == null) {
            filled.add(index);
        }
        keys[index] = rip;
        blocks[index] = block;
    }

    /** Forgets everything. */
    public void clear() {
        if (filled.areTooMany()) {
            Arrays.fill(blocks, null);
        } else {
            for (int n = 0; n < filled.count(); n++) {
                blocks[filled.get(n)] = null;
            }
        }
        filled.clear();
    }

    private static int index(long rip) {
        return (int) (rip ^ rip >>> 12) & ENTRIES - 1;
    }
}
