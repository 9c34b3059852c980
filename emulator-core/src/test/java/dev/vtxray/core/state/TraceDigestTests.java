package dev.vtxray.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TraceDigestTests {
    /** Computed by a script of three lines that gives the published 85944171F73967E8H for "foobar". */
    @Test
    void aNumberCountsAsItsEightBytesInFnv1a() {
        TraceDigest digest = new TraceDigest();
        assertThat(digest).hasToString("cbf29ce484222325");
        digest.add(0x6867_6665_6463_6261L);
        assertThat(digest.value()).isEqualTo(0x25DA_8C18_36A8_D66DL);
        assertThat(digest.count()).isEqualTo(1);
    }

    @Test
    void orderCounts() {
        TraceDigest first = new TraceDigest();
        first.add(1);
        first.add(2);
        TraceDigest second = new TraceDigest();
        second.add(2);
        second.add(1);
        assertThat(first.value()).isNotEqualTo(second.value());
    }

    @Test
    void textsAreSeparated() {
        TraceDigest first = new TraceDigest();
        first.add("ab");
        first.add("c");
        TraceDigest second = new TraceDigest();
        second.add("a");
        second.add("bc");
        assertThat(first.value()).isNotEqualTo(second.value());
    }

    @Test
    void aRestoredDigestGoesOnWhereItWas() {
        TraceDigest digest = new TraceDigest();
        digest.add(1);
        TraceDigest other = new TraceDigest();
        Snapshot.of(digest).restoreTo(other);
        digest.add(2);
        other.add(2);
        assertThat(other.value()).isEqualTo(digest.value());
    }
}
