package dev.vtxray.testkit.experiment;

import dev.vtxray.nested.cost.Cost;
import dev.vtxray.nested.cost.CostColumn;
import dev.vtxray.nested.cost.CostModel;
import dev.vtxray.nested.cost.CostSum;
import dev.vtxray.nested.cost.CostTable;
import dev.vtxray.nested.cost.SoftwareGeneration;
import dev.vtxray.testkit.hypervisor.HandlerProfile;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The modelled time of one synchronization: nested exits · c + own work of L1 · device exit + one native IPI + APIC
 * accesses that APICv completes. Predicted from counts and the cost file, never fitted; everything is serial.
 */
public final class SyncTimeModel {
    /** The processor of the scenarios. */
    public static final String CPU = "ivybridge-ep";
    /** The handler of the scenarios, without VMCS shadowing. */
    public static final HandlerProfile PROFILE = HandlerProfile.P_KVM;

    private final CostColumn column;
    private final CostSum nestedExit = CostModel.nestedExit(PROFILE.reads(), PROFILE.writes());
    private final Map<Scenario, ExpectedScenario> expected = ExpectedScenario.all();

    public SyncTimeModel(CostTable table, SoftwareGeneration software) {
        this.column = table.column(CPU, software);
    }

    /** The model of the report: the cost file of VTXray and the software generation of 2019. */
    public static SyncTimeModel standard() {
        return new SyncTimeModel(CostTable.load(), SoftwareGeneration.KVM_2019);
    }

    public CostColumn column() {
        return column;
    }

    /** c: one nested exit. */
    public CostSum nestedExit() {
        return nestedExit;
    }

    /** The time of all rounds. */
    public CostSum time(ScenarioCounts counts, long rounds) {
        return nestedExit
                .times(counts.nestedTotal())
                .plus(CostModel.deviceExit().times(counts.ownWork().total()))
                .plus(rounds, Cost.NATIVE_IPI)
                .plus(counts.virtualizedAccesses(), Cost.VIRTUALIZED_APIC_ACCESS);
    }

    /** What the model makes of one scenario. */
    public ScenarioResult evaluate(MeasuredScenario measured) {
        CostSum off = time(measured.off(), measured.rounds());
        CostSum on = time(measured.on(), measured.rounds());
        return new ScenarioResult(
                measured,
                Objects.requireNonNull(expected.get(measured.scenario())),
                Estimate.cyclesPerRound(off, column, measured.rounds()),
                Estimate.cyclesPerRound(on, column, measured.rounds()),
                Estimate.reductionPercent(off, on, column));
    }

    /** What the model makes of each scenario. */
    public List<ScenarioResult> evaluate(List<MeasuredScenario> measured) {
        return measured.stream().map(this::evaluate).toList();
    }
}
