import bird from "./vireo.svg";

/** The bird, as decoration: the name is shown beside it. */
export function Logo() {
  return <img className="logo" src={bird} alt="" width="32" height="32" />;
}
