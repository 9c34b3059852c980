package dev.vtxray.testkit.cli;

import dev.vtxray.core.loader.ByteSize;
import dev.vtxray.core.memory.PhysicalMemory;
import dev.vtxray.testkit.pc.Pc;
import dev.vtxray.vmx.capability.CpuProfile;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say on what hardware a guest runs. */
final class HardwareOptions {
    private static final int MAX_CPUS = 255;

    /** The profiles, for the help text. */
    static final class ProfileNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return CpuProfile.names().iterator();
        }
    }

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(names = "--smp", paramLabel = "N", defaultValue = "1", description = "CPUs, 1 to 255 (${DEFAULT-VALUE}).")
    private int cpus;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            defaultValue = "128M",
            description = "RAM in bytes, or with a unit K, M, G or T (${DEFAULT-VALUE}).")
    private String memory = "";

    @Option(
            names = "--cpu",
            paramLabel = "PROFILE",
            defaultValue = "haswell-ep",
            completionCandidates = ProfileNames.class,
            description = "One of ${COMPLETION-CANDIDATES} (${DEFAULT-VALUE}).")
    private String profile = "";

    private @Nullable CpuProfile checkedProfile;
    private long checkedMemory;

    /** @throws ParameterException if an option makes no sense */
    void check() {
        if (cpus < 1 || cpus > MAX_CPUS) {
            throw wrong("--smp " + cpus + ": a machine has 1 to " + MAX_CPUS + " CPUs");
        }
        CpuProfile known = checkProfile();
        checkedProfile = known;
        checkedMemory = checkMemory();
        long reachable = 1L << known.physicalAddressWidth();
        if (checkedMemory > reachable) {
            throw wrong("--memory " + memory + ": a " + profile + " addresses " + (reachable >> 30) + "G at most");
        }
    }

    private CpuProfile checkProfile() {
        List<String> known = CpuProfile.names();
        if (!known.contains(profile)) {
            throw wrong("--cpu " + profile + ": unknown profile; known are " + String.join(", ", known));
        }
        return CpuProfile.named(profile);
    }

    private long checkMemory() {
        try {
            long bytes = ByteSize.parse(memory);
            PhysicalMemory.checkSize(bytes);
            return bytes;
        } catch (IllegalArgumentException cause) {
            throw wrong("--memory " + memory + ": " + cause.getMessage());
        }
    }

    /** The machine that {@link #check} found sensible. */
    Pc.Builder builder() {
        CpuProfile known = checkedProfile;
        if (known == null) {
            throw new IllegalStateException("check() comes before builder()");
        }
        return Pc.builder().cpus(cpus).memory(checkedMemory).profile(known);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
