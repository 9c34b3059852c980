package dev.vtxray.testkit.report;

import dev.vtxray.nested.Level;
import dev.vtxray.testkit.experiment.ReasonNames;
import dev.vtxray.testkit.experiment.SwimLane;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Draws one IPI: for each CPU a lane per level, time to the right. A visit to L0, in which no guest instruction retires,
 * has a fixed width; the way between two exits grows with the square root of the instructions retired in between.
 */
final class SwimLaneSvg {
    private static final int LABELS = 96;
    private static final int LANE = 30;
    private static final int BAR = 14;
    private static final int GAP = 22;
    private static final int AXIS = 30;
    private static final double VISIT = 15;
    private static final double NARROWEST = 4;
    private static final double WIDEST = 90;
    private static final int TICKS_APART = 90;

    private final SwimLane lane;
    private final double[] visits;
    private final double width;
    private final Html svg = new Html();

    private SwimLaneSvg(SwimLane lane) {
        this.lane = lane;
        this.visits = new double[lane.exits().size()];
        double x = LABELS;
        long last = lane.from();
        for (int i = 0; i < visits.length; i++) {
            long at = lane.exits().get(i).at();
            x += distance(at - last);
            visits[i] = x;
            x += VISIT;
            last = at;
        }
        this.width = x + distance(lane.to() - last);
    }

    static String of(SwimLane lane) {
        return new SwimLaneSvg(lane).draw();
    }

    private static double distance(long instructions) {
        return Math.min(WIDEST, NARROWEST + 1.5 * Math.sqrt(instructions));
    }

    private String draw() {
        int cpus = lane.startLevels().size();
        int height = cpus * (3 * LANE + GAP) + AXIS;
        svg.raw(
                "<svg class=\"lanes\" role=\"img\" width=\"%.0f\" height=\"%d\" viewBox=\"0 0 %.0f %d\" "
                        + "aria-label=\"%s: %d exits of one IPI by CPU and level\">",
                width + 12, height, width + 12, height, Html.escape(lane.title()), visits.length);
        for (int cpu = 0; cpu < cpus; cpu++) {
            drawLanes(cpu);
            drawSpans(cpu);
        }
        for (int i = 0; i < visits.length; i++) {
            drawExit(i);
        }
        drawAxis(height - AXIS + 4);
        return svg.raw("</svg>").toString();
    }

    private void drawLanes(int cpu) {
        svg.raw("<text class=\"cpu\" x=\"0\" y=\"%.1f\">CPU %d</text>", middle(cpu, Level.L1) + 4, cpu);
        for (Level level : List.of(Level.L2, Level.L1, Level.L0)) {
            double y = middle(cpu, level);
            svg.raw("<text class=\"level\" x=\"%d\" y=\"%.1f\">%s</text>", LABELS - 30, y + 4, level);
            svg.raw("<line class=\"lane\" x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", LABELS, width, y, y);
        }
    }

    /** Where each CPU is while it is not in L0. */
    private void drawSpans(int cpu) {
        Level level = lane.startLevels().get(cpu);
        double start = LABELS;
        for (int i = 0; i < visits.length; i++) {
            SwimLane.Exit exit = lane.exits().get(i);
            if (exit.cpu() == cpu) {
                drawSpan(cpu, level, start, visits[i]);
                level = exit.next();
                start = visits[i] + VISIT;
            }
        }
        drawSpan(cpu, level, start, width);
    }

    private void drawSpan(int cpu, Level level, double from, double to) {
        svg.raw(
                "<rect class=\"span %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>",
                level.name().toLowerCase(Locale.ROOT),
                from,
                middle(cpu, level) - BAR / 2.0,
                Math.max(0, to - from),
                BAR);
    }

    private void drawExit(int i) {
        SwimLane.Exit exit = lane.exits().get(i);
        double x = visits[i];
        double l0 = middle(exit.cpu(), Level.L0);
        double leftFrom = middle(exit.cpu(), exit.from());
        double rightTo = middle(exit.cpu(), exit.next());
        svg.raw("<g class=\"exit %s\"><title>%s</title>", kind(exit), Html.escape(title(i, exit)));
        svg.raw("<path d=\"M%.1f %.1fV%.1fM%.1f %.1fV%.1f\"/>", x, leftFrom, l0, x + VISIT, l0, rightTo);
        svg.raw("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" height=\"18\" rx=\"3\"/>", x, l0 - 9, VISIT);
        svg.raw("<text x=\"%.1f\" y=\"%.1f\">%d</text></g>", x + VISIT / 2, l0 + 3.5, i + 1);
    }

    /** Nested exits and nested entries change the level; all else L0 handles itself. */
    private static String kind(SwimLane.Exit exit) {
        if (exit.from() == exit.next()) {
            return "handled";
        }
        return exit.from() == Level.L2 ? "up" : "down";
    }

    private static String title(int i, SwimLane.Exit exit) {
        return String.format(
                Locale.ROOT,
                "%d. CPU %d: %s → L0 → %s\n%s (%d)%s\nafter %,d instructions",
                i + 1,
                exit.cpu(),
                exit.from(),
                exit.next(),
                ReasonNames.inWords(exit.reason()),
                exit.reason().number(),
                exit.detail().isEmpty() ? "" : ", " + exit.detail(),
                exit.at());
    }

    private void drawAxis(int y) {
        svg.raw("<line class=\"axis\" x1=\"%d\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", LABELS, width, y, y);
        drawTick(LABELS, y, 0);
        double last = LABELS;
        for (int i = 0; i < visits.length; i++) {
            if (visits[i] - last >= TICKS_APART && width - visits[i] >= TICKS_APART) {
                drawTick(visits[i], y, lane.exits().get(i).at() - lane.from());
                last = visits[i];
            }
        }
        drawTick(width, y, lane.to() - lane.from());
    }

    private void drawTick(double x, int y, long instructions) {
        svg.raw("<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", x, x, y, y + 5);
        String anchor = x == width ? "end" : "start";
        svg.raw(
                "<text class=\"tick\" text-anchor=\"%s\" x=\"%.1f\" y=\"%d\">+%,d</text>",
                anchor, x, y + 18, instructions);
    }

    private static double middle(int cpu, Level level) {
        int row = Arrays.asList(Level.L2, Level.L1, Level.L0).indexOf(level);
        return cpu * (3 * LANE + GAP) + (row + 0.5) * LANE;
    }
}
