package dev.vtxray.core.state;

import java.util.LinkedHashMap;
import java.util.Map;

/** Named components, described one after the other in the order in which they were added: the state of a machine. */
public final class StateGroup implements Described {
    private final Map<String, Described> components = new LinkedHashMap<>();

    /**
     * Adds a component.
     *
     * @return this group
     * @throws IllegalArgumentException if the name is taken
     */
    public StateGroup add(String name, Described component) {
        if (components.putIfAbsent(name, component) != null) {
            throw new IllegalArgumentException("two components of the state are named " + name);
        }
        return this;
    }

    @Override
    public void describe(StateVisitor visitor) {
        components.forEach((name, component) -> visitor.section(name, () -> component.describe(visitor)));
    }

    @Override
    public void restored() {
        components.values().forEach(Described::restored);
    }
}
