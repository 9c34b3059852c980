package dev.vtxray.testkit.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vtxray.nested.Level;
import dev.vtxray.testkit.experiment.ExitCount;
import dev.vtxray.testkit.experiment.ExperimentReport;
import dev.vtxray.testkit.experiment.ExperimentRow;
import dev.vtxray.testkit.experiment.SampleReport;
import dev.vtxray.testkit.experiment.SwimLane;
import dev.vtxray.vmx.control.ExitReason;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class HtmlReportTests {
    private final ExperimentReport sample = SampleReport.asExpected(10_000);
    private final String page = HtmlReport.of(sample);

    @Test
    void itNeedsNothingFromElsewhere() {
        assertThat(page).doesNotContain("http:", "https:", "src=", "<link", "<script", "@import", "url(");
    }

    @Test
    void itIsWellFormed() throws Exception {
        Document document = parse(page);
        assertThat(document.getElementsByTagName("svg").getLength()).isEqualTo(3);
        assertThat(document.getElementsByTagName("h2").getLength()).isEqualTo(6);
    }

    @Test
    void everyTableHasACaptionAndHeaders() throws Exception {
        Document document = parse(page);
        int tables = document.getElementsByTagName("table").getLength();
        assertThat(tables).isPositive();
        assertThat(document.getElementsByTagName("caption").getLength()).isEqualTo(tables);
        assertThat(document.getElementsByTagName("thead").getLength()).isEqualTo(tables);
    }

    @Test
    void rowsThatAreExactlyEqualAreMarked() {
        assertThat(Pattern.compile("✓ exactly equal").matcher(page).results()).hasSize(4 + 9);
        assertThat(page).contains("228 → 57").doesNotContain("✗");
    }

    @Test
    void aRowThatDiffersIsMarked() {
        ExperimentRow row = sample.rows().get(0);
        ExperimentRow bad = new ExperimentRow(
                row.setting(), row.rounds(), 40_001, row.l0Exits(), row.exits(), row.deliverySide(), row.ownWork());
        assertThat(HtmlReport.of(new ExperimentReport(List.of(bad), List.of(), List.of(), sample.topology())))
                .contains("✗ differs", "4.0001 → –")
                .doesNotContain("✓");
    }

    @Test
    void everyExitOfThePictureIsNumberedAndTitled() {
        SwimLane before = sample.lanes().get(0);
        String svg = SwimLaneSvg.of(before);
        int exits = before.exits().size();
        assertThat(Pattern.compile("<g class=\"exit ").matcher(svg).results()).hasSize(exits);
        assertThat(svg)
                .contains("<title>1. CPU 0: L2 → L0 → L1\nAPIC access (44), 300H read\n", ">" + exits + "</text>");
    }

    @Test
    void aPictureWithoutExitsIsDrawn() {
        SwimLane quiet = new SwimLane("quiet", 5, 5, List.of(Level.L1), List.of());
        assertThat(SwimLaneSvg.of(quiet)).contains("0 exits").doesNotContain("NaN", "Infinity");
    }

    @Test
    void theComputationOfCIsShown() {
        assertThat(page)
                .contains("= 12·(1,330 + 600) + 2·1,330 + 5,500 + 5,000\n  = 36,320 cycles")
                .contains("off = 5·36,320 + 4·1,580 + 1,500 + 0·45 = 189,420 cycles")
                .contains("on  = 2·36,320 + 4·1,580 + 1,500 + 3·45 = 80,595 cycles");
    }

    @Test
    void subKeysOpen() {
        assertThat(page).contains("<details><summary>4</summary><ul><li>0B0H write: 1</li><li>300H read: 1</li>");
    }

    @Test
    void machineIsEchoed() {
        assertThat(page).contains("on 2 CPUs, L2 its guest with 2 virtual CPUs", "at 2.7 GHz");
    }

    @Test
    void whatRunsSayIsEscaped() throws Exception {
        ExperimentRow row = sample.rows().get(0);
        ExitCount odd = new ExitCount(Level.L2, ExitReason.CPUID, 1, 1, Map.of("<leaf> & \"1\"", 1L));
        ExperimentRow odder =
                new ExperimentRow(row.setting(), 1, 4, 8, List.of(odd), row.deliverySide(), row.ownWork());
        String escaped = HtmlReport.of(new ExperimentReport(List.of(odder), List.of(), List.of(), sample.topology()));
        assertThat(escaped).contains("&lt;leaf&gt; &amp; &quot;1&quot;");
        parse(escaped);
    }

    @Test
    void tableForTerminalsAlignsItsColumns() {
        assertThat(TextTable.of(sample))
                .contains(
                        """
                        CPU, profile                            reflected   L0 exits   against expectation
                        ivybridge-ep, P-min                     4 → 1       8 → 2      exactly equal
                        ivybridge-ep, P-kvm                     4 → 1       56 → 14    exactly equal
                        ivybridge-ep, P-haxm                    4 → 1       228 → 57   exactly equal
                        haswell-ep with VMCS shadowing, P-kvm   4 → 1       8 → 2      exactly equal
                        """)
                .contains("4b         6 → 2          −66.7 %    88 → 31    −65.0 %   −65 %      exactly equal\n")
                .contains("The paper measured −67 %: inside the interval of scenarios 1 to 4, −57.0 … −77.5 %.");
    }

    /** The page read as XML, which it is but for the document type, elements without an end, and one entity. */
    private static Document parse(String page) throws Exception {
        String xml = page.replace("<!DOCTYPE html>", "")
                .replaceAll("<(meta[^>]*|br)>", "<$1/>")
                .replace("&nbsp;", " ");
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }
}
