package dev.vtxray.core.memory;

import dev.vtxray.core.port.MmioDevice;
import dev.vtxray.core.state.Described;
import dev.vtxray.core.state.SparseBytes;
import dev.vtxray.core.state.StateVisitor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The host-physical address space of a machine: sparse RAM from address 0 up, and ranges in which devices answer.
 *
 * <p>RAM costs only the frames that were touched. Addresses with neither RAM nor a device read as all ones and ignore
 * writes. Accesses through this class are those of devices, loaders and tools; the CPUs use it behind {@link Mmu}.
 */
public final class PhysicalMemory implements Described, SparseBytes {
    private static final int PAGES_PER_GROUP = 512;
    private static final int GROUP_SHIFT = RamPage.SHIFT + 9;

    /** Largest RAM: 1 TiB. */
    public static final long MAX_SIZE = 1L << 40;

    private final long size;
    private final @Nullable RamPage[][] groups;
    private final List<Range> devices = new ArrayList<>();
    /** No device is below this address. */
    private long firstDevice = -1;

    private final List<CodeListener> codeListeners = new ArrayList<>();

    /** Told when a frame begins to hold decoded code, so that translations which allow silent writes are dropped. */
    @FunctionalInterface
    public interface CodeListener {
        void becameCode(RamPage page);
    }

    @FunctionalInterface
    private interface FrameVisitor {
        void frame(long hpa, RamPage page);
    }

    private record Range(long first, long last, MmioDevice device) {}

    /**
     * RAM of {@code size} bytes at address 0.
     *
     * @param size a positive multiple of 4096, at most {@link #MAX_SIZE}
     */
    public PhysicalMemory(long size) {
        checkSize(size);
        this.size = size;
        this.groups = new RamPage[(int) ((size - 1 >>> GROUP_SHIFT) + 1)][];
    }

    /** @throws IllegalArgumentException if no machine has this much RAM */
    public static void checkSize(long size) {
        if (size <= 0 || size > MAX_SIZE || (size & RamPage.SIZE - 1) != 0) {
            throw new IllegalArgumentException("RAM size " + size + " is not a positive multiple of 4096 up to 1 TiB");
        }
    }

    /** Bytes of RAM. */
    public long size() {
        return size;
    }

    /** Lets a device answer in a range of physical addresses, in front of RAM if there is any. */
    public void map(long first, long length, MmioDevice device) {
        long last = first + length - 1;
        if (length <= 0 || (first & RamPage.SIZE - 1) != 0 || (length & RamPage.SIZE - 1) != 0) {
            throw new IllegalArgumentException(
                    "device range " + Long.toHexString(first) + "H+" + length + " is not made of whole 4-KByte pages");
        }
        for (Range range : devices) {
            if (first <= range.last && range.first <= last) {
                throw new IllegalArgumentException("device range " + Long.toHexString(first) + "H overlaps the one at "
                        + Long.toHexString(range.first) + "H");
            }
        }
        devices.add(new Range(first, last, device));
        if (Long.compareUnsigned(first, firstDevice) < 0) {
            firstDevice = first;
        }
    }

    /** Takes away the device whose range starts at {@code first}. */
    public void unmap(long first) {
        if (!devices.removeIf(range -> range.first == first)) {
            throw new IllegalArgumentException("no device range starts at " + Long.toHexString(first) + "H");
        }
    }

    /** Whether all of these addresses are RAM with no device in front. */
    public boolean isRam(long hpa, long length) {
        if (hpa < 0 || length < 0 || hpa > size - length) {
            return false;
        }
        for (Range range : devices) {
            if (length > 0 && hpa <= range.last && range.first <= hpa + length - 1) {
                return false;
            }
        }
        return true;
    }

    public void addCodeListener(CodeListener listener) {
        codeListeners.add(listener);
    }

    /** Tells every CPU that this frame holds decoded code from now on. */
    public void announceCode(RamPage page) {
        for (CodeListener listener : codeListeners) {
            listener.becameCode(page);
        }
    }

    /** The frame at this address, made when it is first asked for; null if there is no RAM or a device is in front. */
    public @Nullable RamPage page(long hpa) {
        return Long.compareUnsigned(hpa, size) >= 0 || range(hpa) != null ? null : frame(hpa);
    }

    private RamPage frame(long hpa) {
        int group = (int) (hpa >>> GROUP_SHIFT);
        RamPage[] pages = groups[group];
        if (pages == null) {
            pages = new RamPage[PAGES_PER_GROUP];
            groups[group] = pages;
        }
        int index = (int) (hpa >>> RamPage.SHIFT) & PAGES_PER_GROUP - 1;
        RamPage page = pages[index];
        if (page == null) {
            page = new RamPage();
            pages[index] = page;
        }
        return page;
    }

    /**
     * Moves the content of RAM up by {@code distance} bytes; what it leaves behind reads zero. No byte is copied.
     *
     * @param length   bytes from address 0, a multiple of 2 MiB
     * @param distance a multiple of 2 MiB
     */
    public void moveUp(long length, long distance) {
        long unit = 1L << GROUP_SHIFT;
        if (length % unit != 0 || distance % unit != 0 || distance < 0 || length + distance > size) {
            throw new IllegalArgumentException("cannot move " + length + " bytes of RAM up by " + distance
                    + ": both must be multiples of 2 MiB and fit in " + size + " bytes of RAM");
        }
        int shift = (int) (distance / unit);
        for (int group = (int) (length / unit) - 1; group >= 0; group--) {
            groups[group + shift] = groups[group];
            groups[group] = null;
        }
    }

    /** Reads 1 to 8 bytes, little-endian, zero-extended; the access may cross pages. */
    public long read(long hpa, int bytes) {
        if ((hpa & RamPage.SIZE - 1) + bytes > RamPage.SIZE) {
            long value = 0;
            for (int i = 0; i < bytes; i++) {
                value |= read(hpa + i, 1) << 8 * i;
            }
            return value;
        }
        RamPage page = page(hpa);
        if (page != null) {
            return Bytes.load(page.bytes, (int) hpa & RamPage.SIZE - 1, bytes);
        }
        Range range = range(hpa);
        return range == null ? Bytes.mask(bytes) : range.device.read(hpa - range.first, bytes) & Bytes.mask(bytes);
    }

    /** Writes the low 1 to 8 bytes of {@code value}, little-endian; the access may cross pages. */
    public void write(long hpa, int bytes, long value) {
        if ((hpa & RamPage.SIZE - 1) + bytes > RamPage.SIZE) {
            for (int i = 0; i < bytes; i++) {
                write(hpa + i, 1, value >>> 8 * i);
            }
            return;
        }
        RamPage page = page(hpa);
        if (page != null) {
            int offset = (int) hpa & RamPage.SIZE - 1;
            if (page.holdsCode(offset, bytes)) {
                page.dropBlocks();
            }
            Bytes.store(page.bytes, offset, bytes, value);
            return;
        }
        Range range = range(hpa);
        if (range != null) {
            range.device.write(hpa - range.first, bytes, value & Bytes.mask(bytes));
        }
    }

    /** Copies bytes into memory. */
    public void write(long hpa, byte[] source, int from, int length) {
        for (int done = 0; done < length; ) {
            RamPage page = page(hpa + done);
            int offset = (int) (hpa + done) & RamPage.SIZE - 1;
            int part = Math.min(length - done, RamPage.SIZE - offset);
            if (page != null) {
                if (page.holdsCode(offset, part)) {
                    page.dropBlocks();
                }
                System.arraycopy(source, from + done, page.bytes, offset, part);
            }
            done += part;
        }
    }

    /** Copies bytes out of memory; where there is no RAM they are all ones. */
    public byte[] readBytes(long hpa, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) read(hpa + i, 1);
        }
        return bytes;
    }

    private @Nullable Range range(long hpa) {
        if (Long.compareUnsigned(hpa, firstDevice) < 0) {
            return null;
        }
        for (int i = 0; i < devices.size(); i++) {
            Range range = devices.get(i);
            if (Long.compareUnsigned(hpa, range.first) >= 0 && Long.compareUnsigned(hpa, range.last) <= 0) {
                return range;
            }
        }
        return null;
    }

    @Override
    public void describe(StateVisitor visitor) {
        visitor.sparse("ram", this);
    }

    @Override
    public long length() {
        return size;
    }

    /** Only frames with content are shown, so that a frame that was touched but holds zeros equals an untouched one. */
    @Override
    public void forEachBlock(BlockVisitor visitor) {
        forEachFrame((hpa, page) -> {
            if (!Bytes.isZero(page.bytes)) {
                visitor.block(hpa, page.bytes);
            }
        });
    }

    /** Decoded code is kept where the bytes stay the same. */
    @Override
    public void replaceBlocks(SortedMap<Long, ByteBuffer> blocks) {
        forEachFrame((hpa, page) -> {
            if (!blocks.containsKey(hpa)) {
                zero(page, 0, RamPage.SIZE);
            }
        });
        blocks.forEach((hpa, saved) -> {
            RamPage page = frame(hpa);
            if (!saved.equals(ByteBuffer.wrap(page.bytes))) {
                page.dropBlocks();
                saved.get(0, page.bytes);
            }
        });
    }

    /** Zeroes a range of RAM, without making frames that nobody has touched. */
    public void clear(long hpa, long length) {
        long end = hpa + length;
        for (long at = hpa; at < end; at = (at | RamPage.SIZE - 1) + 1) {
            RamPage[] pages = at < size ? groups[(int) (at >>> GROUP_SHIFT)] : null;
            RamPage page = pages == null ? null : pages[(int) (at >>> RamPage.SHIFT) & PAGES_PER_GROUP - 1];
            if (page != null) {
                int offset = (int) at & RamPage.SIZE - 1;
                zero(page, offset, (int) Math.min(RamPage.SIZE - offset, end - at));
            }
        }
    }

    private static void zero(RamPage page, int offset, int length) {
        if (page.holdsCode(offset, length)) {
            page.dropBlocks();
        }
        Arrays.fill(page.bytes, offset, offset + length, (byte) 0);
    }

    private void forEachFrame(FrameVisitor visitor) {
        for (int group = 0; group < groups.length; group++) {
            RamPage[] pages = groups[group];
            for (int index = 0; pages != null && index < PAGES_PER_GROUP; index++) {
                RamPage page = pages[index];
                if (page != null) {
                    visitor.frame(((long) group << GROUP_SHIFT) + ((long) index << RamPage.SHIFT), page);
                }
            }
        }
    }
}
