/** Akkord. */
package io.akkord.actors;
