package dev.vtxray.core.engine;

import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.memory.RamPage;
import org.jspecify.annotations.Nullable;

/**
 * Decoded instructions that follow each other in one page of physical memory and run one after the other unless one of
 * them faults. Only the last may change RIP otherwise than by going on.
 */
public final class Block {
    /** Longest block, in instructions. */
    public static final int MAX_INSTRUCTIONS = 48;

    final Insn[] insns;
    /** Whether the last instruction sets RIP itself. */
    final boolean setsRip;

    /** Offset of the first byte in its page. */
    public final int offset;
    /** Bytes of all instructions. */
    public final int length;
    /** Mode for which it was decoded: 2, 4 or 8. */
    public final int mode;

    /** Next block in the same slot of the page's table. */
    public @Nullable Block nextInSlot;

    /** The page in which its only instruction ends, if that is not the one in which it starts. */
    final @Nullable RamPage secondPage;

    private boolean valid = true;

    Block(Insn[] insns, int offset, int mode, @Nullable RamPage secondPage) {
        this.insns = insns;
        this.offset = offset;
        this.mode = mode;
        this.secondPage = secondPage;
        this.length = insns[insns.length - 1].end;
        this.setsRip = insns[insns.length - 1].row.endsBlock();
    }

    /** Its bytes have changed: it must not run again. */
    public void invalidate() {
        valid = false;
    }

    /** Whether its bytes are still those it was decoded from. */
    public boolean isValid() {
        return valid;
    }
}
