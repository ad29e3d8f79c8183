/** One per device: scores, gradients, evaluation and rewrites of its share. */
package io.akkord.actors.worker;
