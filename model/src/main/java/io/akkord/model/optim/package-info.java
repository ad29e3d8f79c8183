/** Optimiser and learning-rate schedule. */
package io.akkord.model.optim;
