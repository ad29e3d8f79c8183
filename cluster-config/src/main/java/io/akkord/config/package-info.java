/**
 * What a person sets: the recipe of a run (YAML), the plan that follows from it, and the settings
 * of a machine (HOCON), each read once into validated records.
 */
package io.akkord.config;
