import bird from "./vireo.svg";

/** The bird. Decoration: the name stands beside it. */
export function Logo() {
  return <img className="logo" src={bird} alt="" width="32" height="32" />;
}
