package dev.vtxray.core.port;

/** What CPUID answers. */
@FunctionalInterface
public interface CpuidSource {
    /**
     * One register of a CPUID leaf.
     *
     * @param leaf     EAX before the instruction
     * @param subleaf  ECX before the instruction
     * @param register 0 EAX, 1 EBX, 2 ECX, 3 EDX
     */
    int value(int leaf, int subleaf, int register);
}
