package dev.vtxray.vmx.entry;

import dev.vtxray.vmx.vmcs.VmcsField;

/** A guest segment register with its four fields. */
enum Segment {
    ES,
    CS,
    SS,
    DS,
    FS,
    GS,
    LDTR,
    TR;

    // @formatter:off
    static final int TYPE     = 0xF;
    static final int S        = 1 << 4;
    static final int P        = 1 << 7;
    static final int L        = 1 << 13;
    static final int DB       = 1 << 14;
    static final int G        = 1 << 15;
    static final int UNUSABLE = 1 << 16;
    static final int RESERVED = 0xFFFE_0F00;
    // @formatter:on

    final VmcsField selector = VmcsField.valueOf("GUEST_" + name() + "_SELECTOR");
    final VmcsField base = VmcsField.valueOf("GUEST_" + name() + "_BASE");
    final VmcsField limit = VmcsField.valueOf("GUEST_" + name() + "_LIMIT");
    final VmcsField rights = VmcsField.valueOf("GUEST_" + name() + "_ACCESS_RIGHTS");

    int type(EntryState s) {
        return s.get32(rights) & TYPE;
    }

    int dpl(EntryState s) {
        return s.get32(rights) >> 5 & 3;
    }

    int rpl(EntryState s) {
        return s.get32(selector) & 3;
    }

    boolean has(EntryState s, int rightsBit) {
        return (s.get32(rights) & rightsBit) != 0;
    }

    boolean isUsable(EntryState s) {
        return !has(s, UNUSABLE);
    }
}
