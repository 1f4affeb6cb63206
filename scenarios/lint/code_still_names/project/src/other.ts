// Another plan, another nickName: no table of ours is named here.
export const plan = { nickName: "none" };
