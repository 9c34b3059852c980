package dev.vtxray.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.core.loader.Elf;
import dev.vtxray.core.loader.Elf64Loader;
import dev.vtxray.core.loader.LoadedImage;
import dev.vtxray.nested.L0Options;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.testkit.trace.World;
import dev.vtxray.testkit.trace.WorldRun;
import dev.vtxray.vmx.capability.CpuProfile;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Random sequences of VMX instructions on bare virtual hardware and under L0: what each left behind in flags, registers and
 * memory, every VM entry and exit, and how it all ended must be the same.
 */
class VmxInstructionWorldsProperties {
    private static final long CYCLES = 200_000;
    private static final int KEPT = 500;
    private static final long PAGE = 0x1000;

    @Property(tries = 60)
    void instructionsOfL1DoTheSameUnderL0(
            @ForAll("steps") List<VmxStep> steps, @ForAll("processors") String cpu, @ForAll boolean apicv) {
        check(CpuProfile.named(cpu), L0Options.standard().withVirtualApicv(apicv), steps);
    }

    @Property(tries = 30)
    void instructionsOfL1DoTheSameWithVmcsShadowing(@ForAll("steps") List<VmxStep> steps) {
        check(CpuProfile.named("haswell-ep"), L0Options.standard().withVmcsShadowing(true), steps);
    }

    static void check(CpuProfile cpu, L0Options options, List<VmxStep> steps) {
        WorldRun bare = run(World.ARCHITECTURAL, cpu, options, steps);
        WorldRun hosted = run(World.HOSTED, cpu, options, steps);
        List<Long> opaque = new ArrayList<>();
        for (int i = 0; i < VmxProgram.REGION_COUNT; i++) {
            opaque.add(VmxProgram.REGIONS + i * PAGE);
        }
        assertThat(hosted.firstDifference(bare, opaque)).isEmpty();
    }

    private static WorldRun run(World world, CpuProfile cpu, L0Options options, List<VmxStep> steps) {
        return world.run(
                Pc.builder().memory(4L << 20),
                cpu,
                options,
                (pc, offered) -> {
                    byte[] image = VmxProgram.image(offered, steps);
                    LoadedImage loaded = Elf64Loader.load(Elf.parse(image), pc.memory());
                    VmxProgram.writeData(pc.memory(), offered);
                    Elf64Loader.enter(pc.cpu(0), loaded, 0);
                },
                CYCLES,
                KEPT);
    }

    @Provide
    Arbitrary<String> processors() {
        return Arbitraries.of("sandybridge-ep", "ivybridge-ep", "haswell", "haswell-ep", "skylake-sp");
    }

    @Provide
    Arbitrary<List<VmxStep>> steps() {
        Arbitrary<VmxStep> step = Combinators.combine(
                        Arbitraries.of(VmxStep.Kind.class),
                        Arbitraries.integers().between(0, 255),
                        Arbitraries.integers().between(0, 255),
                        Arbitraries.longs())
                .as(VmxStep::new);
        Arbitrary<VmxStep> entering = Combinators.combine(
                        Arbitraries.of(
                                VmxStep.Kind.CHANGE_FIELD, VmxStep.Kind.ENTER_SNIPPET, VmxStep.Kind.ENTER_SNIPPET),
                        Arbitraries.integers().between(0, 255),
                        Arbitraries.integers().between(0, 255),
                        Arbitraries.longs())
                .as(VmxStep::new);
        Arbitrary<VmxStep> start = Arbitraries.integers()
                .between(0, 255)
                .map(choice -> new VmxStep(VmxStep.Kind.START, choice, choice / 2, 0));
        return Arbitraries.frequencyOf(
                        net.jqwik.api.Tuple.of(4, step),
                        net.jqwik.api.Tuple.of(3, entering),
                        net.jqwik.api.Tuple.of(1, start))
                .list()
                .ofMinSize(1)
                .ofMaxSize(24);
    }
}
