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

    private final boolean mayLink;
    private @Nullable Block following;
    private @Nullable Block target;
    private boolean valid = true;

    private Block(Insn[] insns, int offset, int mode, @Nullable RamPage secondPage, boolean mayLink) {
        this.insns = insns;
        this.offset = offset;
        this.mode = mode;
        this.secondPage = secondPage;
        this.length = insns[insns.length - 1].end;
        this.setsRip = insns[insns.length - 1].row.endsBlock();
        this.mayLink = mayLink;
    }

    /** A block that lies in one page of RAM. */
    static Block inPage(Insn[] insns, int offset, int mode) {
        Insn last = insns[insns.length - 1];
        boolean direct = !last.row.endsBlock() || last.row.isDirectBranch();
        return new Block(insns, offset, mode, null, direct && mode == 8);
    }

    /** A single instruction that ends in another page, or one that does not come from RAM. */
    static Block single(Insn insn, int offset, int mode, @Nullable RamPage secondPage) {
        return new Block(new Insn[] {insn}, offset, mode, secondPage, false);
    }

    /**
     * The block to go on with, if that is known: when this one has run from {@code start} and left RIP at {@code rip}.
     * Links stay inside the page, and only direct branches have them. What could change the page's translation is no
     * direct branch, so that a link says nothing that a fetch would not find.
     */
    @Nullable
    Block successor(long start, long rip) {
        Block next = rip == start + length ? following : target;
        return next != null && next.valid ? next : null;
    }

    /** Remembers the block to go on with. */
    void link(long start, long rip, Block next) {
        if (!mayLink || (start ^ rip) >>> RamPage.SHIFT != 0 || next.secondPage != null) {
            return;
        }
        if (rip == start + length) {
            following = next;
        } else {
            target = next;
        }
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
