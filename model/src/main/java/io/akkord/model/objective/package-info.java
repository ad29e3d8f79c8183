/** The CADFT objective: scores to weights to loss, all pure arithmetic. */
package io.akkord.model.objective;
