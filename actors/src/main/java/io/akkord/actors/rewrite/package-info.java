/** Replaces demonstrations that fight the model. */
package io.akkord.actors.rewrite;
