package dev.vtxray.nested.cost;

/** How well a value is known. */
public enum Mark {
    /** Read in the source named. */
    S("read in the source named"),
    /** Widely quoted, its source not opened: never to be presented as verified. */
    M("widely quoted, source not opened"),
    /** Derived or estimated. */
    D("derived");

    private final String meaning;

    Mark(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }
}
