package dev.vtxray.vmx.vmcs;

/**
 * Host-physical memory as the VMX hardware reads and writes it: little-endian, at any address below the
 * physical-address width, whether or not memory is there. Reads of nothing give what the machine's bus gives.
 */
public interface PhysicalBytes {
    int read32(long hpa);

    void write32(long hpa, int value);

    long read64(long hpa);

    void write64(long hpa, long value);
}
