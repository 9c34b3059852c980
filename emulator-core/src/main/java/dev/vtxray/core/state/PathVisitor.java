package dev.vtxray.core.state;

/** Keeps the path of the section that is visited. */
abstract class PathVisitor implements StateVisitor {
    private String prefix = "";

    /** Path of an item of the section that is visited now. */
    final String path(String name) {
        return prefix + name;
    }

    @Override
    public final void section(String name, Runnable body) {
        String outer = prefix;
        prefix = outer + name + '.';
        body.run();
        prefix = outer;
    }
}
