/** The rules of the house, checked: who may know whom, which words a module may not say, what makes a run repeatable. */
package dev.vtxray.architecture;
