/** The step barrier, and the slices of weights and moments that the step updates. */
package io.akkord.actors.params;
