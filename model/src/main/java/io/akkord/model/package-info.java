/** Akkord. */
package io.akkord.model;
