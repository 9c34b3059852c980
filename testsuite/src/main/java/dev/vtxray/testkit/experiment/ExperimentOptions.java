package dev.vtxray.testkit.experiment;

import dev.vtxray.testkit.hypervisor.HandlerProfile;
import dev.vtxray.vmx.capability.CpuProfile;
import dev.vtxray.vmx.control.SecondaryControl;
import java.util.ArrayList;
import java.util.List;

/**
 * What the virtual APICv experiment is asked for.
 *
 * @param settings the rows to run, each CPU and profile with APICv off before on
 * @param scenarios whether to run the scenarios of the synchronization time too
 * @param rounds how many IPIs to send in each run
 */
public record ExperimentOptions(List<ExperimentSetting> settings, boolean scenarios, long rounds) {
    public static final long DEFAULT_ROUNDS = 10_000;
    public static final long MAX_ROUNDS = 1_000_000;

    public ExperimentOptions {
        settings = List.copyOf(settings);
        if (rounds < 1 || rounds > MAX_ROUNDS) {
            throw new IllegalArgumentException("rounds go from 1 to %d, not %d".formatted(MAX_ROUNDS, rounds));
        }
    }

    /** The whole table, and the scenarios. */
    public static ExperimentOptions wholeTable(long rounds) {
        List<ExperimentSetting> settings = new ArrayList<>();
        for (HandlerProfile profile : HandlerProfile.values()) {
            settings.addAll(offAndOn("ivybridge-ep", profile, false));
        }
        settings.addAll(offAndOn("haswell-ep", HandlerProfile.P_KVM, true));
        return new ExperimentOptions(settings, true, rounds);
    }

    /**
     * One CPU and profile. On a CPU without APICv there is only the row with APICv off.
     *
     * @throws IllegalArgumentException if the CPU is unknown, or has no VMCS shadowing and is asked for it
     */
    public static ExperimentOptions single(String cpu, HandlerProfile profile, boolean shadowing, long rounds) {
        CpuProfile model = CpuProfile.named(cpu);
        if (shadowing && !model.vmx().supports(SecondaryControl.VMCS_SHADOWING)) {
            throw new IllegalArgumentException("CPU %s has no VMCS shadowing; of the known ones %s have it"
                    .formatted(cpu, String.join(", ", cpusWithShadowing())));
        }
        List<ExperimentSetting> settings = model.hasApicv()
                ? offAndOn(cpu, profile, shadowing)
                : List.of(new ExperimentSetting(cpu, profile, shadowing, false));
        return new ExperimentOptions(settings, false, rounds);
    }

    private static List<ExperimentSetting> offAndOn(String cpu, HandlerProfile profile, boolean shadowing) {
        ExperimentSetting off = new ExperimentSetting(cpu, profile, shadowing, false);
        return List.of(off, off.withApicv(true));
    }

    private static List<String> cpusWithShadowing() {
        return CpuProfile.names().stream()
                .filter(name -> CpuProfile.named(name).vmx().supports(SecondaryControl.VMCS_SHADOWING))
                .toList();
    }
}
