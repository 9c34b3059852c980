/**
 * How a component describes its state, and what can be done with a description: snapshot, restore, digest, difference.
 * A component describes itself once; all uses read that one method.
 */
package dev.vtxray.core.state;
