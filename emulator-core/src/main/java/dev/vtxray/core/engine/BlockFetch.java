package dev.vtxray.core.engine;

import dev.vtxray.core.cpu.Cpu;
import dev.vtxray.core.cpu.GuestFault;
import dev.vtxray.core.cpu.SegmentRegister;
import dev.vtxray.core.isa.Decoder;
import dev.vtxray.core.isa.Insn;
import dev.vtxray.core.memory.RamPage;
import java.util.Arrays;

/**
 * Finds or makes the block at an address. Decoding ahead never faults and never touches a page that the code has not
 * reached: a block ends with its page, and an instruction that reaches into the next page is a block of its own.
 */
final class BlockFetch {
    private final Cpu cpu;
    private final Decoder decoder;
    private final Insn[] buffer = new Insn[Block.MAX_INSTRUCTIONS];
    private final byte[] bytes = new byte[Decoder.MAX_LENGTH];

    BlockFetch(Cpu cpu, Decoder decoder) {
        this.cpu = cpu;
        this.decoder = decoder;
    }

    /** The block at RIP. @throws GuestFault if the first instruction cannot be fetched */
    Block blockAt(long rip) {
        long la = linear(rip);
        JumpCache jumps = cpu.mmu.current().jumps;
        Block known = jumps.get(la, cpu.codeSize);
        return known != null ? known : find(jumps, rip, la);
    }

    private Block find(JumpCache jumps, long rip, long la) {
        RamPage page = cpu.mmu.fetchPage(la);
        if (page == null) {
            return Block.single(decodeUncached(rip), 0, cpu.codeSize, null);
        }
        int offset = (int) la & RamPage.SIZE - 1;
        Block block = page.block(offset, cpu.codeSize);
        if (block != null && block.secondPage != null && cpu.mmu.fetchPage(nextPage(la)) != block.secondPage) {
            block.invalidate();
            block = null;
        }
        if (block == null) {
            block = decode(page, offset, la);
        }
        jumps.put(la, block);
        return block;
    }

    private Block decode(RamPage page, int offset, long la) {
        int count = 0;
        int length = 0;
        while (count < buffer.length) {
            Insn insn = decoder.decode(page.bytes, offset + length, RamPage.SIZE, cpu.codeSize, length);
            if (insn == null) {
                break;
            }
            buffer[count++] = insn;
            length += insn.length;
            if (insn.row.endsBlock() || offset + length >= RamPage.SIZE) {
                break;
            }
        }
        if (count == 0) {
            return decodeStraddling(page, offset, la);
        }
        boolean firstCode = page.codeLines == 0;
        Block block = Block.inPage(Arrays.copyOf(buffer, count), offset, cpu.codeSize);
        page.add(block);
        if (firstCode) {
            cpu.mmu.memory().announceCode(page);
        }
        return block;
    }

    private Block decodeStraddling(RamPage page, int offset, long la) {
        Insn insn = decodeByByte(la);
        RamPage second = cpu.mmu.fetchPage(nextPage(la));
        Block block = Block.single(insn, offset, cpu.codeSize, second);
        if (second == null) {
            return block;
        }
        boolean firstCode = page.codeLines == 0;
        boolean secondFirstCode = second.codeLines == 0;
        page.add(block);
        second.addReachingIn(block, offset + insn.length - RamPage.SIZE);
        if (firstCode) {
            cpu.mmu.memory().announceCode(page);
        }
        if (secondFirstCode) {
            cpu.mmu.memory().announceCode(second);
        }
        return block;
    }

    /** Fetches and decodes one instruction without looking at or leaving anything in a cache. */
    Insn decodeUncached(long rip) {
        return decodeByByte(linear(rip));
    }

    private Insn decodeByByte(long la) {
        for (int count = 1; ; count++) {
            bytes[count - 1] = (byte) cpu.mmu.fetchByte(cpu.wrap(la + count - 1));
            Insn insn = decoder.decode(bytes, 0, count, cpu.codeSize, 0);
            if (insn != null) {
                return insn;
            }
        }
    }

    private long nextPage(long la) {
        return cpu.wrap((la & -RamPage.SIZE) + RamPage.SIZE);
    }

    private long linear(long rip) {
        if (cpu.codeSize == 8) {
            return rip;
        }
        SegmentRegister cs = cpu.seg[SegmentRegister.CS];
        if (rip > (cs.limit & 0xFFFF_FFFFL)) {
            throw GuestFault.generalProtection();
        }
        return cs.base + rip & 0xFFFF_FFFFL;
    }
}
