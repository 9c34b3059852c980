package dev.vtxray.nested.cost;

/** How L0 enters and leaves a nested guest, in three generations: a property of its software, not of the processor. */
public enum SoftwareGeneration {
    /** Around 2016: everything is copied at every entry and exit. */
    KVM_OLD("kvm-old"),
    /** With dirty tracking and lazy synchronization. */
    KVM_2019("kvm-2019"),
    /** With caches and predictors flushed at nested entries. */
    KVM_MITIGATED("kvm-mitigated");

    private final String key;

    SoftwareGeneration(String key) {
        this.key = key;
    }

    /** Its name in the data file, such as {@code kvm-2019}. */
    public String key() {
        return key;
    }
}
