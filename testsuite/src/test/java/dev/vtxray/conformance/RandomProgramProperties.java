package dev.vtxray.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.machine.StopReason;
import dev.vtxray.testkit.pc.Pc;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Whatever bytes a guest executes: the machine ends with a reason and never with a Java exception. */
class RandomProgramProperties {

    @Property(tries = 2000)
    void everyProgramEndsWithAReason(@ForAll RandomProgram.Mode mode, @ForAll boolean handled, @ForAll long seed) {
        Pc pc = new RandomProgram(mode, handled, seed).start();
        StopReason reason = pc.run(2000);
        assertThat(reason.kind()).isNotEqualTo(StopReason.Kind.HALTED_BY_HOST);
        assertThat(pc.cpu(0).now()).isLessThan(4000);
    }
}
