/** How a new supervisor goes on from the slices that the workers of a lost one have kept. */
package io.akkord.actors.takeover;
